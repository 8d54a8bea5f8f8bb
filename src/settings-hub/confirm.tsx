import { Dialog } from 'azure-devops-ui/Dialog';
import type { ReactNode } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { ProblemNotice } from '../components/notice.tsx';
import { text } from '../text.ts';

/** Asks before something that cannot be taken back. */
export function Confirm({
  title,
  action,
  children,
  disabled,
  busy,
  problem,
  onConfirm,
  onDismiss,
}: {
  title: string;
  action: string;
  children: ReactNode;
  disabled?: boolean;
  busy?: boolean;
  problem?: ApiProblem | undefined;
  onConfirm(): void;
  onDismiss(): void;
}) {
  return (
    <Dialog
      titleProps={{ text: title }}
      onDismiss={onDismiss}
      footerButtonProps={[
        { text: text.cancel, onClick: onDismiss },
        { text: action, danger: true, disabled: Boolean(disabled || busy), onClick: onConfirm },
      ]}
    >
      <div className="stack">
        {children}
        {problem && <ProblemNotice problem={problem} />}
      </div>
    </Dialog>
  );
}
