const PATHS = {
  send: 'M8 13V3.5M3.8 7.6 8 3.4l4.2 4.2',
  follow: 'M3.5 3v3.2A2.3 2.3 0 0 0 5.8 8.5h6.4M9.4 5.6l3 2.9-3 2.9',
  check: 'm3.2 8.6 3 3 6.6-7',
  warning: 'M8 6.2v3M8 11.4h.01M7 2.7 1.8 11.6A1.2 1.2 0 0 0 2.8 13.4h10.4a1.2 1.2 0 0 0 1-1.8L9 2.7a1.2 1.2 0 0 0-2 0Z',
  plus: 'M8 3.2v9.6M3.2 8h9.6',
  sun: 'M8 10.6a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2ZM8 1.6v1.2M8 13.2v1.2M1.6 8h1.2M13.2 8h1.2M3.5 3.5l.8.8M11.7 11.7l.8.8M3.5 12.5l.8-.8M11.7 4.3l.8-.8',
  moon: 'M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7Z',
  chevron: 'm6 3.8 4.2 4.2L6 12.2',
  copy: 'M5.8 5.8h7v7h-7zM10.2 5.8V3.2h-7v7h2.6',
  pencil: 'm10.6 3.2 2.2 2.2-7.3 7.3-2.8.6.6-2.8 7.3-7.3Z',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: what it means is said by the text or label beside it. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" aria-hidden="true">
      <path d={PATHS[name]} stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
