#!/usr/bin/env node
// The `estop` command. Everything is in dist/; `npm run build` makes it.
import { runProcess } from '../dist/main.js';

await runProcess();
