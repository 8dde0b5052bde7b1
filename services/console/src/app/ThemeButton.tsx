import { useEffect } from 'react';
import { Icon } from '../design/Icon.js';
import { useMediaQuery } from '../design/use-media-query.js';
import { useStored } from '../design/use-stored.js';
import { applyTheme, type Theme, THEME_KEY, THEMES } from './theme.js';

export function ThemeButton() {
  const [theme, setTheme] = useStored(THEME_KEY, THEMES, 'system');
  const systemDark = useMediaQuery('(prefers-color-scheme: dark)');
  useEffect(() => applyTheme(theme), [theme]);
  const dark = theme === 'system' ? systemDark : theme === 'dark';
  const other: Theme = dark ? 'light' : 'dark';
  return (
    <button
      type="button"
      className="button button-quiet button-icon"
      aria-label={`Switch to ${other} theme`}
      title={`Switch to ${other} theme`}
      // Back to what the system asks for counts as having no choice of one's own.
      onClick={() => setTheme((other === 'dark') === systemDark ? 'system' : other)}
    >
      <Icon name={dark ? 'sun' : 'moon'} />
    </button>
  );
}
