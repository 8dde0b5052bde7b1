import './segments.css';

interface Segment<Id extends string> {
  readonly id: Id;
  readonly label: string;
}

interface SegmentsProps<Id extends string> {
  readonly label: string;
  readonly segments: readonly Segment<Id>[];
  readonly selected: Id;
  readonly onSelect: (id: Id) => void;
}

/** One of a few views. */
export function Segments<Id extends string>({ label, segments, selected, onSelect }: SegmentsProps<Id>) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {segments.map((segment) => (
        <button
          key={segment.id}
          type="button"
          className="segment"
          aria-pressed={segment.id === selected}
          onClick={() => onSelect(segment.id)}
        >
          {segment.label}
        </button>
      ))}
    </div>
  );
}
