import { startBench } from './harness.ts';
import { createServer } from 'node:http';
const bench = await startBench();
const keys = await Promise.all(['billing-bot','crm-bot'].map((a)=>bench.keyOf(a)));
console.log(JSON.stringify({ url: bench.url, keys }));
setInterval(()=>{}, 1000);
process.on('SIGTERM', ()=>{ bench.close().then(()=>process.exit(0)); });
