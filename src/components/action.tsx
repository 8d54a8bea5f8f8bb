import { Button } from 'azure-devops-ui/Button';

interface ActionProps {
  label: string;
  onClick(): void;
  icon?: string;
  primary?: boolean;
  subtle?: boolean;
  danger?: boolean;
  disabled?: boolean;
  /** Work is under way: the button stays where it is, but a second press does nothing. */
  busy?: boolean;
  ariaLabel?: string;
  id?: string;
}

/** A button with words. */
export function Action({ label, icon, busy, disabled, ...rest }: ActionProps) {
  const iconProps = busy ? { iconName: 'Sync', className: 'turning' } : icon ? { iconName: icon } : undefined;
  return <Button {...rest} text={label} iconProps={iconProps as never} disabled={disabled || busy} />;
}

/** A button with a sign only; the words are its name and tooltip (the browser's: a callout would be cut by the frame). */
export function IconAction({ label, icon, onClick, disabled, busy, danger }: ActionProps & { icon: string }) {
  return (
    <span title={label}>
      <Button
        ariaLabel={label}
        tooltipProps={null as never}
        subtle
        danger={danger}
        className="icon-only"
        disabled={disabled || busy}
        onClick={onClick}
        iconProps={{ iconName: busy ? 'Sync' : icon, ...(busy ? { className: 'turning' } : {}) } as never}
      />
    </span>
  );
}
