import './welcome.css';
import { Icon } from '../design/Icon.js';
import { CONVERSATIONS, openerOf, WRITING } from '../samples/catalog.js';
import type { View } from './surfaces.js';

interface Opening {
  readonly sample: string;
  readonly label: string;
  readonly query: string;
}

const WORDS: Readonly<Record<View, { readonly title: string; readonly text: string; readonly openings: readonly Opening[] }>> = {
  chat: {
    title: 'What will they ask next?',
    text:
      'Open a conversation: follow-ups appear under the answer, and a hint in the search box. GQR recommends queries and learns from the ' +
      'clicks. It does not answer them, so the answers here are samples.',
    openings: CONVERSATIONS.map((it) => ({ sample: it.id, label: it.domain, query: openerOf(it) })),
  },
  writing: {
    title: 'How should it change?',
    text:
      'Start from a writing request: under the draft come a guiding question and short refinements, each of which makes the next request. ' +
      'GQR recommends them and learns from the clicks. It does not write, so the drafts here are samples.',
    openings: WRITING.map((it) => ({ sample: it.id, label: it.kind, query: it.request })),
  },
};

interface WelcomeProps {
  readonly view: View;
  readonly onPick: (sample: string, query: string) => void;
}

/** An empty conversation: what this is, and where to start. */
export function Welcome({ view, onPick }: WelcomeProps) {
  const { title, text, openings } = WORDS[view];
  return (
    <div className="welcome">
      <h1 className="welcome-title">{title}</h1>
      <p className="welcome-text">{text}</p>
      <ul className="openings" aria-label="Samples">
        {openings.map(({ sample, label, query }) => (
          <li key={sample}>
            <button type="button" className="opening" onClick={() => onPick(sample, query)}>
              <span className="opening-label">{label}</span>
              <span className="opening-query">{query}</span>
              <Icon name="chevron" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
