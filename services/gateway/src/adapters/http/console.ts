import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type FastifyStaticOptions, fastifyStatic } from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const ABSENT = 'The console is not installed here. Build it and set GQR_CONSOLE_DIR to the folder with its index.html, then restart.\n';

/** Files whose names hold a hash of their content never change; all others are asked for again each time. */
const HASHED = /[-.][\w-]{8,}\.(?:js|css|woff2?|svg|png)$/;

/** Serves the console's files at /. Without them, / says so. */
export async function serveConsole(app: NestFastifyApplication, folder: string | undefined): Promise<void> {
  const http = app.getHttpAdapter().getInstance();
  if (folder === undefined || !existsSync(resolve(folder, 'index.html'))) {
    http.get('/', (_request, reply) => reply.code(404).type('text/plain; charset=utf-8').send(ABSENT));
    return;
  }
  const options: FastifyStaticOptions = {
    root: resolve(folder),
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (reply, path) => {
      void reply.header('cache-control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  };
  await app.register(fastifyStatic, options);
}
