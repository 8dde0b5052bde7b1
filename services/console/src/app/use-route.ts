import { useSyncExternalStore } from 'react';

/** The address after `#/`, split into its first segment and the rest. Needs nothing of the server that serves the page. */
export function useRoute(): { readonly page: string; readonly rest: string } {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const [page = '', ...rest] = hash.replace(/^#\/?/, '').split('/');
  return { page, rest: rest.join('/') };
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
