/**
 * Named places where a test ends the process, as a power cut would: FAILPOINT=create.afterSend:2 kills at the second
 * passing. Heard in the sandbox only; elsewhere it costs one call.
 */
export function failpoints(setting: string | undefined): (name: string) => void {
  if (setting === undefined || setting === '') return () => undefined;
  const [name = '', count = '1'] = setting.split(':');
  let left = Number(count);
  return (passed) => {
    if (passed !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
