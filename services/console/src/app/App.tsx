import './app.css';
import { useRef } from 'react';
import type { AppContext } from './context.js';
import { HOME, PAGES } from './pages.js';
import { ThemeButton } from './ThemeButton.js';
import { useRoute } from './use-route.js';

export function App({ context }: { readonly context: AppContext }) {
  const route = useRoute();
  const page = PAGES.find(({ id }) => id === route.page) ?? HOME;
  const main = useRef<HTMLElement>(null);
  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header className="top">
        <a className="brand" href={`#/${HOME.id}`} aria-label="GQR console, home">
          <Mark />
          GQR
        </a>
        <nav aria-label="Pages" className="pages">
          {PAGES.map(({ id, title }) => (
            <a key={id} className="page-link" href={`#/${id}`} aria-current={id === page.id ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main ref={main} tabIndex={-1} className="content">
        {page.render(context, page.id === route.page ? route.rest : '')}
      </main>
    </>
  );
}

/** A query that leads on to the next ones. */
function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" fill="none" aria-hidden="true">
      <circle cx="8.2" cy="8.2" r="5.7" stroke="currentColor" strokeWidth="2.2" />
      <path d="M12.4 12.4 15 15" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
      <circle cx="18.6" cy="18.6" r="2.1" fill="var(--accent)" />
      <circle cx="18.9" cy="12.3" r="1.5" fill="var(--accent)" opacity="0.65" />
      <circle cx="12.3" cy="18.9" r="1.5" fill="var(--accent)" opacity="0.65" />
    </svg>
  );
}
