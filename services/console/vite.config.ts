import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev` finds a running gateway. */
const GATEWAY = 'http://127.0.0.1:8080';

export default defineConfig({
  // The page works under any path prefix: everything it loads or calls is relative to it.
  base: './',
  plugins: [react()],
  build: {
    target: 'es2023',
    // Nothing is inlined, neither as data: URI nor as script, so that `default-src 'self'` is all that a content security policy needs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Has light-dark(), nesting and field-sizing as they are.
    cssTarget: ['chrome123', 'safari17.5', 'firefox121'],
  },
  server: { proxy: { '/v1': GATEWAY } },
});
