import './try.css';
import type { AppContext } from '../app/context.js';
import { Icon } from '../design/Icon.js';
import { Switch } from '../design/Switch.js';
import { useStored } from '../design/use-stored.js';
import { useTasks } from './use-tasks.js';
import { SURFACES, type View } from './surfaces.js';
import { Workspace } from './Workspace.js';

const VIEWS: readonly View[] = ['chat', 'writing'];

/** The three tasks as a person would meet them. */
export function TryPage({ context, view }: { readonly context: AppContext; readonly view: View }) {
  const [explain, setExplain] = useStored('gqr.explain', ['off', 'on'], 'off');
  const tasks = useTasks(context.gateway);
  const conversation = context[view];
  return (
    <>
      <div className="bar">
        <nav className="segments" aria-label="What to try">
          {VIEWS.map((it) => (
            <a key={it} className="segment" href={`#/try/${it}`} aria-current={it === view ? 'page' : undefined}>
              {SURFACES[it].title}
            </a>
          ))}
        </nav>
        <div className="bar-actions">
          <button type="button" className="button button-quiet" aria-label="New conversation" onClick={() => conversation.restart()}>
            <Icon name="plus" />
            <span className="bar-label">New conversation</span>
          </button>
          <Switch label="Explain" on={explain === 'on'} onChange={(on) => setExplain(on ? 'on' : 'off')} />
        </div>
      </div>
      <Workspace
        key={view}
        view={view}
        conversation={conversation}
        tasks={tasks}
        explain={explain === 'on'}
        onExplain={() => setExplain('on')}
      />
    </>
  );
}
