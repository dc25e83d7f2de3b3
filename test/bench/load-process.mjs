/** Runs one load as its own process: options as JSON in the first argument, the result on stdout. */
import autocannon from 'autocannon';

const { url, headers, body, connections, seconds, rate } = JSON.parse(process.argv[2]);
const prefix = `${process.pid.toString(36)}-${Date.now().toString(36)}`;
let sent = 0;

const result = await autocannon({
  url,
  connections,
  duration: seconds,
  ...(rate === undefined ? {} : { overallRate: rate }),
  requests: [
    {
      method: 'POST',
      headers,
      setupRequest(request) {
        sent += 1;
        return { ...request, body: body.replace('[<id>]', `${prefix}-${sent}`) };
      },
    },
  ],
});
process.stdout.write(JSON.stringify(result));
