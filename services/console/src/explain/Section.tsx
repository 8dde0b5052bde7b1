import { type ReactNode, useId } from 'react';

interface SectionProps {
  readonly title: string;
  /** Stands at the end of the title's line. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ title, aside, children }: SectionProps) {
  const id = useId();
  return (
    <section className="inspector-section" aria-labelledby={id}>
      <div className="inspector-section-head">
        <h3 id={id}>{title}</h3>
        {aside !== undefined && <span className="numeric">{aside}</span>}
      </div>
      {children}
    </section>
  );
}
