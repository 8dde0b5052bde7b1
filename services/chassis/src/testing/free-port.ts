import { createServer } from 'node:net';

/** A port on loopback that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(true);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return free;
}

/** The first of so many free ports in a row, below the range from which the kernel takes ports of its own accord. */
export async function freePortBase(ports: number): Promise<number> {
  for (;;) {
    const base = 10_000 + 20 * Math.floor(Math.random() * 1_000);
    const free = await Promise.all(Array.from({ length: ports }, (_, index) => isFree(base + index)));
    if (!free.includes(false)) return base;
  }
}
