import type { HostContext } from '../host/sdk.ts';

/** The host puts a handle of the dialog or panel into the configuration; its shape depends on which it is. */
export function closeDialog({ configuration }: HostContext): void {
  const { dialog, panel } = configuration as Partial<Record<'dialog' | 'panel', { close?: () => void }>>;
  (dialog ?? panel)?.close?.();
}
