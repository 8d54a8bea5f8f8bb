import type { CSSProperties, ReactNode } from 'react';

/** 16 x 16, drawn with a 1.4 px line in the text's colour; `fill:` marks areas instead of lines. */
const shapes: Record<string, string> = {
  Add: 'M8 3v10M3 8h10',
  Link: 'M6.5 9.5l3-3M7 4.5l1.2-1.2a2.8 2.8 0 0 1 4 4L11 8.5M9 11.5l-1.2 1.2a2.8 2.8 0 0 1-4-4L5 7.5',
  Unlink: 'M7 4.5l1.2-1.2a2.8 2.8 0 0 1 4 4L11 8.5M9 11.5l-1.2 1.2a2.8 2.8 0 0 1-4-4L5 7.5M3 3l10 10',
  More: 'fill:M3 6.7a1.3 1.3 0 1 1 0 2.6a1.3 1.3 0 1 1 0-2.6zM8 6.7a1.3 1.3 0 1 1 0 2.6a1.3 1.3 0 1 1 0-2.6zM13 6.7a1.3 1.3 0 1 1 0 2.6a1.3 1.3 0 1 1 0-2.6z',
  MoreVertical:
    'fill:M6.7 3a1.3 1.3 0 1 1 2.6 0a1.3 1.3 0 1 1-2.6 0zM6.7 8a1.3 1.3 0 1 1 2.6 0a1.3 1.3 0 1 1-2.6 0zM6.7 13a1.3 1.3 0 1 1 2.6 0a1.3 1.3 0 1 1-2.6 0z',
  OpenInNewWindow: 'M9.5 3H13v3.5M13 3L7.5 8.5M11 9.5V13H3V5h3.5',
  Comment: 'M3 3.5h10v7H7.5L4.5 13v-2.5H3z',
  Sync: 'M12.5 6.5A5 5 0 0 0 3.6 5.5M3.5 9.5a5 5 0 0 0 8.9 1M3.5 2.8v2.9h2.9M12.5 13.2v-2.9H9.6',
  Help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.2 6.3A1.9 1.9 0 1 1 8.6 8.1c-.4.2-.6.5-.6.9v.3M8 11.3v.2',
  ChevronDownMed: 'M3.5 6l4.5 4.5L12.5 6',
  ChevronRightMed: 'M6 3.5L10.5 8L6 12.5',
  Back: 'M13 8H3.5M7.5 4l-4 4l4 4',
  Cancel: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  CheckMark: 'M3 8.5l3.5 3.5L13 4.5',
  Completed: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.3 8.2l1.9 1.9l3.5-3.9',
  Warning: 'M8 2.5L14 13.5H2zM8 6.5v3.5M8 11.6v.2',
  ErrorBadge: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.7M8 10.8v.2',
  Info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3V11M8 5v.2',
  Clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.7V8l2.3 1.7',
  Pause: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.5 5.8v4.4M9.5 5.8v4.4',
  Play: 'M5 3.5v9l7.5-4.5z',
  Delete: 'M3 4.5h10M6.5 4.3V2.8h3v1.5M4.3 4.5l.6 8.7h6.2l.6-8.7M6.7 7v4M9.3 7v4',
  Edit: 'M3 13l.6-2.7L11 3l2 2l-7.3 7.4z',
  Up: 'M8 13V3.5M4 7.5l4-4l4 4',
  Down: 'M8 3v9.5M4 8.5l4 4l4-4',
  Bold: 'M5 3h4a2.4 2.4 0 0 1 0 4.8H5zM5 7.8h4.6a2.6 2.6 0 0 1 0 5.2H5z',
  Italic: 'M7 3h5M4 13h5M10 3L6.5 13',
  BulletList: 'M6.5 4h7M6.5 8h7M6.5 12h7M3 4h.01M3 8h.01M3 12h.01',
  NumberList: 'M7 4h6.5M7 8h6.5M7 12h6.5M2.5 3.2l1-.7v3M2.4 9.2a1 1 0 1 1 1.7.7L2.4 12.5h2',
  Search: 'M7 11.5A4.5 4.5 0 1 0 7 2.5a4.5 4.5 0 0 0 0 9zM10.3 10.3L13.5 13.5',
  Settings:
    'M2.5 4.5h6M11.5 4.5h2M8.5 4.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M2.5 11.5h2M7.5 11.5h6M4.5 11.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0',
  Conflict: 'M8 13.5V9L4 3.5M8 9l4-5.5M3.5 6.2V3h3.2M12.5 6.2V3H9.3',
  Attachment: 'M11.5 7.5l-4 4a2.5 2.5 0 0 1-3.5-3.5l5-5a1.7 1.7 0 0 1 2.4 2.4l-5 5a.8.8 0 0 1-1.1-1.1l4-4',
  CategoryProposed: 'M8 12.5A4.5 4.5 0 1 0 8 3.5a4.5 4.5 0 0 0 0 9z',
  CategoryInProgress: 'M8 12.5A4.5 4.5 0 1 0 8 3.5a4.5 4.5 0 0 0 0 9zM8 3.5v9M8 5.5a2.5 2.5 0 0 1 0 5',
  CategoryResolved: 'M8 2.8L13.2 8L8 13.2L2.8 8zM6 8.1l1.5 1.5L10.2 6.7',
  CategoryCompleted:
    'fill:M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11zM4.9 8.1L7.2 10.4L11.2 6.2L10.3 5.3L7.2 8.5L5.8 7.2z',
  CategoryRemoved: 'M3.5 3.5h9v9h-9zM6 6l4 4M10 6l-4 4',
  CategoryUnknown:
    'M8 3.5h.01M11.2 4.8h.01M12.5 8h.01M11.2 11.2h.01M8 12.5h.01M4.8 11.2h.01M3.5 8h.01M4.8 4.8h.01',
};

/** The properties that azure-devops-ui's components pass to their icon; this component stands in for theirs. */
interface IconProps {
  iconName?: string;
  className?: string;
  wrapperClass?: string;
  size?: string;
  ariaLabel?: string;
  style?: CSSProperties;
  render?: (className?: string) => ReactNode;
}

/** An inline SVG in the text's colour: no font to load, sharp at any zoom, and kept in forced-colours mode. */
export function Icon({ iconName = '', className, size, ariaLabel, style, render }: IconProps) {
  if (render) return <>{render(className)}</>;
  const shape = shapes[iconName];
  if (!shape) return null;
  const fill = shape.startsWith('fill:');
  return (
    <span
      className={`tandem-icon ${size || ''} ${className ?? ''}`}
      style={style}
      {...(ariaLabel ? { role: 'img', 'aria-label': ariaLabel } : { 'aria-hidden': true })}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" focusable="false" aria-hidden="true">
        <path
          d={fill ? shape.slice(5) : shape}
          fill={fill ? 'currentColor' : 'none'}
          fillRule="evenodd"
          stroke={fill ? 'none' : 'currentColor'}
          strokeWidth="1.4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    </span>
  );
}
