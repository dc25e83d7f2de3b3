// Health check of a container: does the process say that it can serve?
const response = await fetch(`http://127.0.0.1:${process.env.ESTOP_PORT || 7070}/readyz`);
process.exitCode = response.ok ? 0 : 1;
