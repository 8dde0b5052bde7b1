import http2 from 'node:http2';

/** Calls a second that the callers behind one connection may give up, at length and at once. */
const RESETS = 10_000;

/**
 * Has servers that are started from now on take callers who leave for what they are. Every call whose caller left, or whose deadline passed,
 * resets its HTTP/2 stream, and Node takes more than 33 resets a second for an attack: it closes the connection, and all calls that are under way
 * on it fail with INTERNAL. A service that is overloaded has more, and the services that call it have one connection each.
 *
 * grpc-js starts its servers by these very functions and has no option for it (grpc/grpc-node#2625).
 */
export function tolerateResets(): void {
  http2.createServer = tolerant(http2.createServer);
  http2.createSecureServer = tolerant(http2.createSecureServer);
}

function tolerant<F extends typeof http2.createServer | typeof http2.createSecureServer>(create: F): F {
  return new Proxy(create, {
    apply: (target, self, [options, ...rest]: [http2.ServerOptions, ...unknown[]]): unknown =>
      Reflect.apply(target, self, [{ streamResetBurst: RESETS, streamResetRate: RESETS, ...options }, ...rest]),
  });
}
