import type { FormEvent, ReactNode } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { Action, IconAction } from '../components/action.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { text } from '../text.ts';
import './view.css';

/** One thing to do in a narrow frame: title with the way back, content, and one button that does it. */
export function View({
  title,
  onBack,
  onClose,
  submit,
  children,
}: {
  title: string;
  onBack?: (() => void) | undefined;
  /** Beside the button that goes on: leaves what is left as it is. */
  onClose?: (() => void) | undefined;
  submit?: {
    label: string;
    onSubmit(): void;
    busy: boolean;
    disabled?: boolean;
    danger?: boolean;
    problem: ApiProblem | undefined;
  };
  children: ReactNode;
}) {
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!submit?.disabled && !submit?.busy) submit?.onSubmit();
  };
  return (
    <form className="view" onSubmit={onSubmit} noValidate aria-label={title}>
      {onBack && (
        <header className="row view-head">
          <IconAction label={text.back} icon="Back" onClick={onBack} />
          <h2 className="one-line">{title}</h2>
        </header>
      )}
      <div className="view-body stack">{children}</div>
      {submit && (
        <footer className="view-foot stack">
          {submit.problem && <ProblemNotice problem={submit.problem} />}
          <div className="row">
            <Action
              label={submit.label}
              primary={!submit.danger}
              danger={submit.danger ?? false}
              busy={submit.busy}
              disabled={submit.disabled ?? false}
              onClick={submit.onSubmit}
            />
            {onBack && <Action label={text.cancel} onClick={onBack} />}
            {onClose && <Action label={text.close} onClick={onClose} />}
          </div>
        </footer>
      )}
    </form>
  );
}
