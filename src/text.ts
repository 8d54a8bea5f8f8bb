/** Every word that people see on the work item; the words of Project Settings stand in `text-settings.ts`. */

const noun = (name: string, count: number) => (count === 1 ? name : `${name}s`);

export const text = {
  tryAgain: 'Try again',
  cancel: 'Cancel',
  back: 'Back',
  save: 'Save',
  close: 'Close',
  done: 'Done',
  choose: 'Choose…',
  noLongerOffered: (value: string) => `${value} (no longer offered)`,
  more: 'More actions',
  empty: 'empty',
  count: (count: number, name: string) => `${count} ${noun(name, count)}`,

  time: { now: 'now' },

  category: {
    proposed: 'Not started',
    inProgress: 'In progress',
    resolved: 'Resolved',
    completed: 'Completed',
    removed: 'Removed',
    unknown: 'Status of unknown kind',
  },

  problem: {
    unreachable: {
      title: 'Tandem’s backend does not answer',
      action: 'Check your network. If others see this too, tell the operator of the backend.',
    },
    timedOut: { title: 'Tandem’s backend took too long to answer', action: 'Try again in a moment.' },
    malformed: {
      title: 'The answer was not from Tandem’s backend',
      action: 'A proxy or another server may answer at its address. Tell the operator of the backend.',
    },
    malformedStatus: (status: number) => `The answer was not from Tandem’s backend (HTTP ${status})`,
    noProject: {
      title: 'This page does not say which project it belongs to',
      action: 'Open the work item in its own project.',
    },
    addressUnread: {
      title: 'Azure DevOps does not say where Tandem’s backend is',
      action:
        'Try again in a moment. If it stays so, ask an administrator of the organisation whether Tandem is enabled.',
    },
    pageFailed: { title: 'This page ran into an error', action: 'Reload the page.' },
    needs: (needs: string) => `Needed: ${needs}`,
    requestId: (id: string) => `Request ${id}`,
  },

  panel: {
    heading: 'Tickets',
    create: 'Create',
    link: 'Link',
    createTicket: (name: string) => `Create ${name}`,
    linkTicket: (name: string) => `Link ${name}`,
    loading: 'Reading tickets…',
    empty: 'No ticket belongs to this work item yet.',
    emptyReadOnly: 'No ticket belongs to this work item. You may not change it, so you cannot add one.',
    unsaved: 'Save the work item first. Tickets belong to saved work items.',
    createOnSave: (noun: string) => `Create a ${noun} when this work item is saved`,
    createOnSaveHelp: 'The mapping fills it from the work item. Close the form at once if you like.',
    creatingNow: (noun: string) => `Creating the ${noun}…`,
    createdOnSave: (number: string) => `${number} was created for the new work item`,
    notCreatedOnSave: (title: string) => `No ticket was created for the new work item: ${title}`,
    noWays: 'No mapping of this project creates tickets for work items of this type.',
    notSetUp: 'Tandem is not set up for this project.',
    notSetUpAdmin: 'You can set it up in Project Settings.',
    notSetUpMember: 'Ask a project administrator to set it up in Project Settings, Tandem.',
    ask: (names: readonly string[], what: string) =>
      names.length > 0
        ? `Ask ${names.join(', ')} or another project administrator to ${what}.`
        : `Ask a project administrator to ${what}.`,
    toSetUp: 'set it up in Project Settings, Tandem',
    toMend: 'look at the connection in Project Settings, Tandem',
    noBackend: 'Nobody has entered the address of Tandem’s backend yet.',
    openSettings: 'Open settings',
    switchedOff:
      'Synchronisation is switched off for this organisation. Changes are kept and carried over later.',
    outdated: 'What you see is the last known state.',
    retryIn: 'Trying again by itself.',
    readOnly: 'You can look, but not change: Azure DevOps gives you read access to this work item.',
    connectionStatus: { live: 'live', delayed: 'delayed', paused: 'paused', unreachable: 'unreachable' },
    backendChanged: (url: string, previous: string) =>
      `The address of Tandem’s backend changed from ${previous} to ${url}. It receives your sign-in for Azure DevOps. Continue only if an administrator told you about the change.`,
    trustBackend: 'Continue with the new address',
  },

  card: {
    open: 'Open ticket',
    comment: 'Comment',
    syncNow: 'Sync now',
    explain: 'Explain',
    unlink: 'Unlink',
    due: 'due',
    overdue: 'overdue',
    assignee: (name: string) => `Assigned to ${name}`,
    unassigned: 'Nobody assigned',
    inAgreement: 'in agreement',
    neverAgreed: 'not yet in agreement',
    lastAgreed: 'last in agreement',
    opensNew: 'opens in a new tab',
    sharedWith: (ids: string) => `also linked with work item ${ids}`,
    actionsFor: (number: string) => `Actions for ${number}`,
  },

  condition: {
    inAgreement: 'In agreement',
    pending: 'A change is on its way.',
    delayed: 'Waiting for the service desk.',
    paused: 'The connection is paused.',
    parked: 'Waits for a person.',
    conflict: 'Both sides changed the same field.',
    missing: 'One of the two records is no longer visible.',
    resting: 'Rests: a condition of the mapping is not met.',
    nextTry: 'Next try',
  },

  remedy: {
    retry: 'Try again',
    resolveConflict: 'Decide',
    renewCredentials: 'Renew credentials',
    explain: 'Explain',
    unlink: 'Unlink',
  },

  create: {
    title: (name: string) => `Create ${name}`,
    with: 'Kind of ticket',
    filled: (count: number) => `${count} ${count === 1 ? 'field comes' : 'fields come'} from the work item`,
    preview: 'This will be sent',
    change: 'Change',
    changeField: (name: string) => `Change ${name}`,
    missing: (names: string) => `Still needed: ${names}`,
    needed: 'This field is needed.',
    submit: (name: string) => `Create ${name}`,
    none: 'No mapping of this project creates tickets from this work item.',
    readOnlyField: 'Set by the service desk',
    done: (number: string) => `${number} was created`,
    yes: 'Yes',
    no: 'No',
  },

  editor: {
    tools: (label: string) => `Formatting of ${label}`,
    bold: 'Bold (Ctrl+B)',
    italic: 'Italic (Ctrl+I)',
    bullets: 'Bulleted list (Ctrl+Shift+8)',
    numbers: 'Numbered list (Ctrl+Shift+7)',
    link: 'Link (Ctrl+K)',
    address: 'Address of the link',
    apply: 'Apply',
    noAddress: 'Enter a web or mail address, such as https://example.com.',
    images: 'It holds images. They are sent as long as you do not change this text.',
  },

  link: {
    title: (name: string) => `Link ${name}`,
    search: 'Number, title or text',
    recent: 'Recent tickets',
    results: (count: number) => `${count} ${count === 1 ? 'ticket' : 'tickets'} found`,
    nothing: (search: string) => `No ticket matches “${search}”.`,
    nothingRecent: 'There are no recent tickets.',
    linkedTo: (ids: string) => `linked with ${ids}`,
    linkedHere: 'linked with this work item already',
    onLink: 'Where the two differ now',
    keep: 'Leave both as they are',
    workItemWins: 'The work item’s values hold',
    ticketWins: 'The ticket’s values hold',
    submit: 'Link',
    none: 'No mapping of this project links tickets.',
    done: (number: string) => `${number} was linked`,
  },

  comment: {
    title: (number: string) => `Comment on ${number}`,
    label: 'Comment',
    visibility: 'Who sees it',
    internal: 'Internal: only the service desk sees it',
    public: 'Public: the caller sees it',
    internalHint: 'Only the service desk will see this.',
    publicHint: 'The caller will see this.',
    submit: 'Send comment',
    sent: 'Comment sent',
  },

  unlink: {
    title: (number: string) => `Unlink ${number}?`,
    body: (workItem: string, number: string) =>
      `Work item ${workItem} and ${number} are no longer kept in agreement. Both stay as they are, with their comments and files; later changes on one side do not reach the other. You can link them again.`,
    submit: 'Unlink',
    done: (number: string) => `${number} was unlinked`,
  },

  conflict: {
    title: (number: string) => `Both sides changed ${number}`,
    intro: 'Choose which value holds. The other side is then changed to match.',
    workItem: 'Work item',
    ticket: 'Ticket',
    by: (name: string) => `by ${name}`,
    submit: 'Apply',
    all: 'For all fields',
  },

  conversation: {
    title: 'Conversation',
    empty: 'Nobody has commented on this ticket yet.',
    public: 'public',
    internal: 'internal',
    system: 'service desk',
    carriedOver: 'also in the work item',
    attachments: 'Attachments',
    download: (name: string) => `Download ${name}`,
    open: 'Open ticket',
  },

  timeline: {
    title: 'What happened and why',
    empty: 'Nothing has happened to this link yet.',
    changeMapping: 'Change mapping',
    mended: 'In agreement again.',
    older: 'Show older',
    side: { workItem: 'Work item', ticket: 'Ticket' },
    nextAttempt: 'Next try',
    took: (milliseconds: number) =>
      milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`,
  },

  page: {
    noTickets:
      'No ticket belongs to this work item yet. Create or link one in the Tickets group of the form.',
    ticket: 'Ticket',
  },

  menu: {
    create: 'Create ticket',
    link: 'Link ticket',
    comment: 'Comment on ticket',
    explain: 'What happened and why',
    noWorkItem: 'This menu did not say which work item it belongs to.',
    workItem: (id: string) => `Work item ${id}`,
    chosen: (count: number) => `${count} work items`,
    bulkIntro: (count: number) => `One ticket is created for each of the ${count} work items.`,
    bulkSubmit: (count: number) => `Create ${count} tickets`,
    bulkMissing: (names: string) => `needs ${names}: create it on its own`,
    bulkDone: 'created',
    bulkSkipped: 'has a ticket already',
    bulkWaiting: 'waiting',
    bulkRunning: 'creating…',
    bulkProgress: (done: number, count: number) => `${done} of ${count} done`,
    bulkContinue: 'Continue',
    bulkCancelled: 'Stopped. What was created stays; nothing else was sent.',
    bulkRetry: (count: number) => `Try the ${count} failed again`,
    ticketGone: 'The ticket is not linked with this work item any more.',
    oneOnly: 'Tickets are linked to one work item at a time. The first of your choice is used.',
  },
} as const;
