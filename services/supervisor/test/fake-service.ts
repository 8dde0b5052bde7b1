import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { basename, dirname } from 'node:path';

/** Stands in for a service: listens where it is told to, is ready after a moment, ends when it is told to or its supervisor is gone. */
function listenAddress(variable: string): { host: string; port: number } {
  const [host = '', port = ''] = (process.env[variable] ?? '').split(':');
  return { host, port: Number(port) };
}

// .../services/<name>/dist/src/main.js
const name = basename(dirname(dirname(dirname(process.argv[1] ?? ''))));
const listed = (variable: string): boolean => (process.env[variable] ?? '').split(',').includes(name);

console.log(JSON.stringify({ msg: `${name} begins`, data: process.env['GQR_DATA'] }));
if (listed('FAKE_CRASHING')) {
  console.log(JSON.stringify({ msg: 'the model file is broken' }));
  process.exit(3);
}
const readyAt = Date.now() + 200;
createServer((_request, response) => {
  const ready = Date.now() >= readyAt;
  response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' });
  response.end(JSON.stringify(ready ? { status: 'ready' } : { status: 'not ready', pending: { model: 'loading the model' } }));
}).listen(listenAddress('GQR_HTTP_LISTEN'));
createTcpServer().listen(listenAddress('GQR_GRPC_LISTEN'));

const end = (why: string): void => {
  console.log(JSON.stringify({ msg: `${name} ends: ${why}`, at: Date.now() }));
  process.exit(0);
};
if (!listed('FAKE_STUBBORN')) process.on('SIGTERM', end);
else process.on('SIGTERM', () => undefined);
process.on('disconnect', () => {
  end('supervisor gone');
});
