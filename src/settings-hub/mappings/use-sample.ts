import { useEffect, useState } from 'react';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import type { MappingPreview } from '../../../backend/contract/mappings.ts';
import { type ApiProblem, asProblem, isAbort } from '../../api/problem.ts';
import { useHub } from '../hub.tsx';

/** Long enough for a word to be typed, short enough to feel live. */
const restMs = 400;

/** What the rows of a draft make of one real record; read again whenever the draft or the record's number rests. */
export function useSample(settings: MappingSettings, side: 'workItem' | 'ticket') {
  const { api, projectId } = useHub();
  const [number, setNumber] = useState('');
  const [state, setState] = useState<{ preview?: MappingPreview; problem?: ApiProblem; busy: boolean }>({
    busy: false,
  });
  useEffect(() => {
    const id = number.trim();
    if (!id) return setState({ busy: false });
    const abort = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    const timer = setTimeout(() => {
      const record = side === 'workItem' ? { workItemId: id } : { ticketId: id };
      api
        .previewMapping(
          { projectId, body: { settings: withoutHalfRows(settings), ...record } },
          { signal: abort.signal, timeoutMs: 60_000 },
        )
        .then(
          (preview) => !abort.signal.aborted && setState({ preview, busy: false }),
          (reason) => {
            if (!abort.signal.aborted && !isAbort(reason))
              setState({ problem: asProblem(reason), busy: false });
          },
        );
    }, restMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [api, projectId, number, settings, side]);
  return { number, setNumber, ...state };
}

/** Rows whose fields are not chosen yet would be refused, and the others would show nothing. */
const withoutHalfRows = (settings: MappingSettings): MappingSettings => ({
  ...settings,
  fields: settings.fields.filter(({ workItemField, ticketField }) => workItemField && ticketField),
});
