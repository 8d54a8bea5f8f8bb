// The agent's page. Everything from the server becomes text nodes, never markup, so nothing needs escaping.
const main = document.getElementById('main');
const agentSelect = document.getElementById('agent');
const notice = document.getElementById('notice');
const live = document.getElementById('live');
const callRef = /^\/agent\/calls\/(\d+)$/.exec(location.pathname)?.[1];
const filters = { q: '', group: '', state: 'open' };
let lookups;
let shown;

/** `build('a', { href, class, onclick }, ...children)`; children are nodes or texts. */
function build(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (typeof value === 'boolean') node[name] = value;
    else if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
  return node;
}

async function ask(method, path, body) {
  const url = new URL(path, location.origin);
  url.searchParams.set('as', agentSelect.value || 'jmercato');
  const init = { method };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const answer = await fetch(url, init);
  const data = await answer.json();
  if (answer.ok) return data;
  const fields = Object.entries(data.Errors ?? {}).map(([field, texts]) => `${field}: ${texts.join(' ')}`);
  throw new Error([data.Message, ...fields].join('\n'));
}

/** Runs what the agent asked for, and shows what the system says against it. */
async function attempt(work) {
  notice.hidden = true;
  try {
    await work();
  } catch (error) {
    document.getElementById('notice-text').textContent = error.message;
    notice.hidden = false;
  }
}

const when = (text) => new Date(text).toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' });
const option = (value, text, current) =>
  build('option', { value, selected: String(value) === String(current ?? '') }, text);

function choose(name, current, empty) {
  const rows =
    name === 'agents'
      ? lookups.agents.map(({ ref, name: text }) => ({ Ref: ref, Name: text }))
      : lookups[name];
  const options = rows.map((row) => option(row.Ref, row.FullName ?? row.Name, current));
  if (empty !== undefined) options.unshift(option('', empty, current));
  return options;
}

const statusOf = (call) =>
  build('span', { class: 'status', 'data-state': call.StateName }, call.StatusName ?? '');

async function showQueue() {
  const list = build('ul', { class: 'queue card', id: 'queue' });
  const count = build('p', { class: 'quiet', role: 'status' });
  const refresh = async () => {
    const query = new URLSearchParams(filters);
    const { calls, total } = await ask('GET', `/_sandbox/calls?${query}`);
    count.textContent = total === 1 ? '1 call' : `${total} calls`;
    list.replaceChildren(...calls.map(queueRow));
  };
  const change = (name) => (change_) => {
    filters[name] = change_.target.value;
    attempt(refresh);
  };
  main.replaceChildren(
    build(
      'div',
      { class: 'filters' },
      build('input', {
        type: 'search',
        placeholder: 'Number, subject or reference',
        'aria-label': 'Search',
        oninput: change('q'),
      }),
      build(
        'select',
        { 'aria-label': 'Group', onchange: change('group') },
        choose('group', '', 'All groups'),
      ),
      build(
        'select',
        { 'aria-label': 'State', onchange: change('state') },
        option('open', 'Open', 'open'),
        option('closed', 'Closed'),
        option('', 'All', 'open'),
      ),
    ),
    list,
    count,
  );
  shown = refresh;
  await refresh();
}

function queueRow(call) {
  const owner = [call.GroupName, call.OfficerName].filter(Boolean).join(' · ');
  return build(
    'li',
    {},
    build(
      'a',
      { href: `/agent/calls/${call.Ref}` },
      build('span', { class: 'quiet' }, String(call.Ref)),
      build('span', { class: 'quiet' }, call.PriorityName ?? '–'),
      build('span', { class: 'subject' }, call.Subject ?? '(no subject)'),
      statusOf(call),
      build('span', { class: 'quiet group' }, owner),
    ),
  );
}

async function showCall() {
  const conversation = build('section', { class: 'stack', 'aria-label': 'Conversation' });
  const side = build('aside', { class: 'stack' });
  const heading = build('div', { class: 'heading' });
  const locked = build('p', { class: 'locked', hidden: true });
  const history = build('div', { id: 'history' });
  const description = build('div', { class: 'card padded' });
  const draw = (call) => {
    drawHeading(heading, call, draw);
    locked.hidden = call.lockedBy === null;
    locked.textContent = call.lockedBy === null ? '' : `Locked by ${call.lockedBy}`;
    drawDescription(description, call);
    history.replaceChildren(...call.history.map(historyEntry));
    // A field that is being edited stays as it is; the next change draws it again.
    if (!side.contains(document.activeElement) || document.activeElement.tagName === 'BUTTON') {
      side.replaceChildren(fieldsCard(call, draw), filesCard(call, draw), actionsCard(call, draw));
    }
  };
  conversation.append(description, build('h2', {}, 'Conversation'), history, commentForm(draw));
  main.replaceChildren(
    build('a', { class: 'back', href: '/agent' }, '← All calls'),
    heading,
    locked,
    build('div', { class: 'columns' }, conversation, side),
  );
  shown = async () => draw(await ask('GET', `/_sandbox/calls/${callRef}`));
  await shown();
}

function drawHeading(heading, call, draw) {
  document.title = `${call.Ref} ${call.Subject ?? ''}`;
  const rename = () => {
    const title = prompt('Subject', call.Subject ?? '');
    if (title !== null && title !== call.Subject) save({ Subject: title }, draw);
  };
  heading.replaceChildren(
    build('h1', { id: 'subject' }, call.Subject ?? '(no subject)'),
    build('span', { class: 'quiet' }, `CALL ${call.Ref}`),
    statusOf(call),
    build('span', { class: 'quiet' }, call.PriorityName ?? ''),
    build('button', { type: 'button', onclick: rename, disabled: call.closed }, 'Rename'),
  );
}

function drawDescription(card, call) {
  card.replaceChildren(
    build(
      'div',
      { class: 'who' },
      build('span', {}, call.UserName ?? 'No caller'),
      build('span', {}, when(call.ActualLogDate)),
    ),
    build('p', { class: 'text' }, call.Description ?? 'No description.'),
  );
}

function historyEntry(entry) {
  const comment = entry.ActionDescription !== '' && entry.ActionType !== 'Updated' && !entry.IsSystem;
  const kind = comment ? (entry.VisibleInPortal ? 'portal' : 'internal') : 'event';
  const tag =
    kind === 'portal'
      ? 'Visible in portal'
      : kind === 'internal'
        ? 'Internal'
        : entry.IsSystem
          ? 'System'
          : '';
  return build(
    'article',
    { class: `entry ${kind}`, 'data-order': String(entry.Order) },
    build(
      'div',
      { class: 'who' },
      build('span', {}, `${entry.By ?? ''} · ${entry.ActionTitle} `, build('span', { class: 'tag' }, tag)),
      build('span', {}, when(entry.ActionDate)),
    ),
    entry.ActionDescription === '' ? null : build('p', { class: 'text' }, entry.ActionDescription),
  );
}

function commentForm(draw) {
  const text = build('textarea', { rows: '3', 'aria-label': 'Comment', required: true, id: 'comment' });
  const radio = (value, label, checked) =>
    build('label', {}, build('input', { type: 'radio', name: 'visible', value, checked }), ` ${label}`);
  const form = build(
    'form',
    { class: 'card padded stack' },
    text,
    build(
      'div',
      { class: 'row' },
      radio('no', 'Internal, colleagues only', true),
      radio('yes', 'Visible in portal, the caller will see this', false),
      build('button', { type: 'submit', class: 'primary' }, 'Add comment'),
    ),
  );
  form.addEventListener('submit', (submit) => {
    submit.preventDefault();
    attempt(async () => {
      const visible = new FormData(form).get('visible') === 'yes';
      draw(await ask('POST', `/_sandbox/calls/${callRef}/comments`, { text: text.value, visible }));
      text.value = '';
    });
  });
  return form;
}

const save = (change, draw) =>
  attempt(async () => {
    try {
      draw(await ask('PATCH', `/_sandbox/calls/${callRef}`, change));
    } catch (error) {
      // The form goes back to what the system holds.
      document.activeElement?.blur();
      await shown();
      throw error;
    }
  });

function fieldsCard(call, draw) {
  const number = (text) => (text === '' ? null : Number(text));
  const field = (label, property, table, empty) =>
    build(
      'label',
      {},
      label,
      build(
        'select',
        {
          name: property,
          disabled: call.closed,
          onchange: (change) => {
            const { value } = change.target;
            change.target.blur();
            save({ [property]: number(value) }, draw);
          },
        },
        choose(table, call[property], empty),
      ),
    );
  const fact = (label, text) => (text ? [build('dt', {}, label), build('dd', {}, text)] : []);
  const card = build(
    'div',
    { class: 'card padded fields' },
    field('Status', 'CallStatus', 'call-status'),
    field('Group', 'AssignedGroup', 'group', 'None'),
    field('Officer', 'AssignedOfficer', 'agents', 'Nobody'),
    field('Impact', 'Impact', 'impact', '–'),
    field('Urgency', 'Urgency', 'urgency', '–'),
    field('Priority', 'Priority', 'priority', '–'),
    field('Type', 'Type', 'type', '–'),
  );
  const facts = build('dl', {});
  facts.append(
    ...fact('Caller', [call.UserName, call.UserEmail].filter(Boolean).join(', ')),
    ...fact('Kind', call.IpkName),
    ...fact('Item', call.ConfigurationItem),
    ...fact('Location', call.Location),
    ...fact('Partition', call.PartitionName),
    ...fact('Reference', call.CustomString1),
    ...fact('Progress', call.Physical),
    ...fact('Reason', call.ClosureReasonName),
    ...fact('Last change', `${when(call.LastActionDate)} by ${call.LastActionedByName ?? ''}`),
  );
  card.append(facts);
  return card;
}

function filesCard(call, draw) {
  const size = (bytes) =>
    bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KB`;
  const rows = call.attachments.map((file) =>
    build(
      'li',
      {},
      build(
        'a',
        { href: `/_sandbox/calls/${callRef}/attachments/${file.Ref}`, download: file.Name },
        file.Name,
      ),
      build('span', { class: 'quiet' }, ` ${size(file.FileSize)} · ${file.By ?? ''}`),
    ),
  );
  const input = build('input', {
    type: 'file',
    'aria-label': 'Attach a file',
    onchange: () =>
      attempt(async () => {
        const form = new FormData();
        form.append('file', input.files[0]);
        input.blur();
        draw(await ask('POST', `/_sandbox/calls/${callRef}/attachments`, form));
      }),
  });
  return build(
    'div',
    { class: 'card padded' },
    build('h2', {}, 'Attachments'),
    rows.length === 0 ? build('p', { class: 'quiet' }, 'None yet.') : build('ul', { class: 'files' }, rows),
    input,
  );
}

function actionsCard(call, draw) {
  const run = (name, body) => () => {
    const given = typeof body === 'function' ? body() : body;
    document.activeElement?.blur();
    attempt(async () => draw(await ask('POST', `/_sandbox/calls/${callRef}/${name}`, given ?? {})));
  };
  const card = build(
    'div',
    { class: 'card padded stack' },
    build('h2', {}, call.closed ? 'Closed' : 'Close'),
  );
  if (call.closed) {
    card.append(build('button', { type: 'button', onclick: run('reopen') }, 'Reopen'));
    return card;
  }
  const reason = build(
    'select',
    { 'aria-label': 'Closure reason' },
    choose('closure-reason', '', 'No reason'),
  );
  const comment = build('textarea', {
    rows: '2',
    'aria-label': 'Closing comment',
    placeholder: 'Closing comment',
  });
  const close = run('close', () => ({
    ...(reason.value !== '' && { reason: Number(reason.value) }),
    ...(comment.value.trim() !== '' && { text: comment.value, visible: true }),
  }));
  const lock =
    call.lockedBy === null
      ? build('button', { type: 'button', onclick: run('lock') }, 'Lock')
      : build('button', { type: 'button', onclick: run('unlock') }, 'Unlock');
  card.append(
    reason,
    comment,
    build(
      'div',
      { class: 'row' },
      build('button', { type: 'button', class: 'primary', onclick: close }, 'Close call'),
      lock,
    ),
  );
  return card;
}

function prepareNewCall() {
  const dialog = document.getElementById('new-dialog');
  const form = document.getElementById('new-form');
  const fill = (name, options) => form.elements[name].replaceChildren(...options);
  fill('AssignedGroup', choose('group', 13));
  fill('Type', choose('type', 149));
  fill('Impact', choose('impact', 3));
  fill('Urgency', choose('urgency', 3));
  fill('User', choose('person', 34419));
  document.getElementById('new-call').addEventListener('click', () => dialog.showModal());
  document.getElementById('new-cancel').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', (submit) => {
    submit.preventDefault();
    attempt(async () => {
      const values = Object.fromEntries(new FormData(form));
      for (const name of ['AssignedGroup', 'Type', 'Impact', 'Urgency', 'User'])
        values[name] = Number(values[name]);
      const call = await ask('POST', '/_sandbox/calls', values);
      dialog.close();
      location.href = `/agent/calls/${call.Ref}`;
    });
  });
}

/** Many changes at once are one refresh. */
function follow() {
  let waiting = false;
  const source = new EventSource('/agent/events');
  const refresh = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      shown?.().catch(() => live.classList.remove('on'));
    }, 60);
  };
  source.onopen = () => {
    live.textContent = 'live';
    live.classList.add('on');
    refresh();
  };
  source.onerror = () => {
    live.textContent = 'reconnecting';
    live.classList.remove('on');
  };
  source.onmessage = (message) => {
    const { ref } = JSON.parse(message.data);
    if (callRef === undefined || String(ref) === callRef) refresh();
  };
}

document.getElementById('notice-close').addEventListener('click', () => {
  notice.hidden = true;
});

attempt(async () => {
  lookups = await ask('GET', '/_sandbox/lookups');
  const remembered = sessionStorage.getItem('agent') ?? 'jmercato';
  agentSelect.replaceChildren(...lookups.agents.map(({ login, name }) => option(login, name, remembered)));
  agentSelect.addEventListener('change', () => {
    sessionStorage.setItem('agent', agentSelect.value);
    attempt(shown);
  });
  prepareNewCall();
  await (callRef === undefined ? showQueue() : showCall());
  follow();
});
