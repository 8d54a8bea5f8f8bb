/** Initials in a tile: vendors' logos are theirs to license. */
export function ConnectorMark({ name, small }: { name: string; small?: boolean }) {
  const initials = name
    .split(/\s+/)
    .map((word) => word.charAt(0))
    .join('')
    .slice(0, 2)
    .toUpperCase();
  return (
    <span className={`connector-mark ${small ? 'small' : ''}`} aria-hidden="true">
      {initials}
    </span>
  );
}
