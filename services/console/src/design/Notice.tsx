import './notice.css';
import type { ReactNode } from 'react';
import { Icon } from './Icon.js';

interface NoticeProps {
  readonly tone: 'warn' | 'bad';
  readonly title: string;
  readonly children?: ReactNode;
  /** Buttons. */
  readonly actions?: ReactNode;
}

/** Something that is not as it should be, and what can be done. */
export function Notice({ tone, title, children, actions }: NoticeProps) {
  return (
    <div className={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'note'}>
      <Icon name="warning" />
      <div className="notice-body">
        <p className="notice-title">{title}</p>
        {children}
        {actions !== undefined && <div className="notice-actions">{actions}</div>}
      </div>
    </div>
  );
}
