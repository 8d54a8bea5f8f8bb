import { text } from '../text.ts';

/** Shapes of two cards. Announced once, for those who cannot see it. */
export function PanelSkeleton() {
  return (
    <div className="stack" role="status">
      <span className="visually-hidden">{text.panel.loading}</span>
      <div className="skeleton" style={{ height: 28, width: '55%' }} />
      <div className="skeleton" style={{ height: 84 }} />
      <div className="skeleton" style={{ height: 84, opacity: 0.6 }} />
    </div>
  );
}
