import { useId, useState } from 'react';
import type { AttemptDetail, TracedBody, TracedRequest } from '../../../backend/contract/activity.ts';
import { Icon } from '../../components/icon.tsx';
import { words } from '../../text-settings.ts';
import { CopyButton } from '../copyable.tsx';
import { leftOut, readable, wholeText } from './traced-text.ts';
import './requests.css';

const w = words.activity;

/** What an attempt asked of both systems, request by request; each opens to show what was sent and answered. */
export function Requests({
  requests,
  requestsOmitted = 0,
}: Pick<AttemptDetail, 'requests' | 'requestsOmitted'>) {
  if (requests.length === 0) return null;
  return (
    <section>
      <h3>{w.requests}</h3>
      <ol className="requests">
        {requests.map((request, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same request may stand twice, and they never move.
          <Request key={at} request={request} number={at + 1} />
        ))}
      </ol>
      {requestsOmitted > 0 && <span className="quiet">{w.requestsOmitted(requestsOmitted)}</span>}
    </section>
  );
}

function Request({ request, number }: { request: TracedRequest; number: number }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const { route, status, durationMs, failure } = request;
  const isBad = failure !== undefined || (status ?? 0) >= 400;
  const why = failure && (w.failures[failure] ?? failure);
  return (
    <li>
      <button
        type="button"
        className="plain-link request-head"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon iconName={open ? 'ChevronDownMed' : 'ChevronRightMed'} size="small" />
        <span className="request-route">{route}</span>
        <span className={isBad ? 'bad' : 'quiet'}>
          {isBad && <Icon iconName="Warning" size="small" />} {[status, why].filter(Boolean).join(' · ')}
        </span>
        <span className="quiet">{w.ms(durationMs)}</span>
      </button>
      {open && (
        <div id={id} className="request-content">
          <Content request={request} name={`${number}. ${route}`} />
        </div>
      )}
    </li>
  );
}

function Content({ request, name }: { request: TracedRequest; name: string }) {
  const { sent, answer } = request;
  if (!sent && !answer) return <p className="quiet">{w.nothingKept}</p>;
  const headers = Object.entries(answer?.headers ?? {});
  return (
    <>
      {sent && (
        <div className="request-part">
          <h4>{w.sent}</h4>
          <code className="any-wrap">
            {sent.method} {sent.path}
          </code>
          <Body body={sent.body} name={`${w.sent} ${name}`} />
        </div>
      )}
      <div className="request-part">
        <h4>{w.answered}</h4>
        {headers.length > 0 && (
          <code className="any-wrap">
            {headers.map(([header, value]) => (
              <span key={header} className="request-header">
                {header}: {value}
              </span>
            ))}
          </code>
        )}
        {answer ? (
          <Body body={answer.body} name={`${w.answered} ${name}`} />
        ) : (
          <span className="quiet">{request.failure ? w.noAnswer : w.answerNotKept}</span>
        )}
      </div>
      <CopyButton label={w.copyRequest} value={() => wholeText(request)} />
    </>
  );
}

/** Systems may answer anything: it is shown as text, never as what it claims to be. */
function Body({ body, name }: { body: TracedBody | undefined; name: string }) {
  if (!body) return <span className="quiet">{w.noBody}</span>;
  const shown = readable(body);
  const missing = leftOut(body);
  return (
    <>
      {shown !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it once it has the focus.
        <section className="scrolled" tabIndex={0} aria-label={name}>
          <pre className="body" dir="ltr">
            {shown}
          </pre>
        </section>
      )}
      {missing && <span className="quiet">{missing}</span>}
    </>
  );
}
