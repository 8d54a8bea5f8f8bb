import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Drawn together: enough for one screen, so that the first screen is one block or two. */
const blockRows = 25;
/** How far from the view blocks are drawn already: more than a turn of the wheel or a press of Page Down. */
const aheadPx = 2_000;

/**
 * A list of up to tens of thousands of rows. Those far from the view are empty room until they come near: 10,000 rows
 * at once took 9 s and 150,000 elements. Once drawn a row stays, with whatever was opened in it, and costs neither
 * layout nor paint while it is out of view (`content-visibility`).
 *
 * @param rowPx height of a row that nobody opened; the room of rows that are not drawn is reckoned with it.
 */
export function LongList<T extends { id: string }>({
  rows,
  rowPx,
  children,
}: {
  rows: readonly T[];
  rowPx: number;
  children(row: T): ReactNode;
}) {
  const starts = Array.from({ length: Math.ceil(rows.length / blockRows) }, (_, block) => block * blockRows);
  return (
    <ul className="entries long">
      {starts.map((start) => (
        <Block key={start} isFirst={start === 0} rowPx={rowPx} rows={rows.slice(start, start + blockRows)}>
          {children}
        </Block>
      ))}
    </ul>
  );
}

function Block<T extends { id: string }>({
  rows,
  rowPx,
  isFirst,
  children,
}: {
  rows: readonly T[];
  rowPx: number;
  isFirst: boolean;
  children(row: T): ReactNode;
}) {
  const [isDrawn, setDrawn] = useState(isFirst);
  const room = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isDrawn || !room.current) return;
    const near = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setDrawn(true);
      },
      // Margins count only around the element that scrolls.
      { root: document.getElementById('page'), rootMargin: `${aheadPx}px 0px` },
    );
    near.observe(room.current);
    return () => near.disconnect();
  }, [isDrawn]);
  if (isDrawn) return rows.map((row) => children(row));
  return <li ref={room} className="room" aria-hidden="true" style={{ height: rows.length * rowPx }} />;
}
