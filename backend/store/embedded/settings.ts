/** Server settings as `name: value`, given on the command line so that a new version of ours applies at the next start. */
export type ServerSettings = Record<string, string>;

interface SettingsRequest {
  major: number;
  /** Null: loopback TCP. */
  socketDir: string | null;
  port: number;
  extra?: ServerSettings;
}

/** Sized for two cores and little memory: about 27 MB resident when idle. */
export function serverSettings({ major, socketDir, port, extra }: SettingsRequest): ServerSettings {
  const settings: ServerSettings = {
    listen_addresses: socketDir === null ? '127.0.0.1' : '',
    unix_socket_directories: socketDir ?? '',
    unix_socket_permissions: '0700',
    port: String(port),

    // "2xx once durable" rests on these three.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',

    max_connections: '40',
    shared_buffers: '64MB',
    effective_cache_size: '512MB',
    maintenance_work_mem: '32MB',
    max_wal_size: '512MB',
    autovacuum_max_workers: '2',
    // A young store grows from nothing to 10,000 links in minutes, and plans without statistics are bad ones.
    autovacuum_naptime: '10s',
    max_worker_processes: '4',
    max_parallel_workers: '2',
    max_parallel_workers_per_gather: '1',
    jit: 'off',
    // Disks are SSDs now; the default of 4 makes the planner prefer scans.
    random_page_cost: '1.1',
    timezone: 'UTC',

    logging_collector: 'on',
    log_directory: 'log',
    log_filename: 'postgresql-%a.log',
    log_truncate_on_rotation: 'on',
    log_rotation_age: '1d',
    log_rotation_size: '0',
    log_timezone: 'UTC',
    // Statements and key values may be customer data: neither belongs in a log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  };
  // 18 reads through three helper processes by default; here they cost more memory than they save time.
  if (major >= 18) settings.io_method = 'sync';
  return { ...settings, ...extra };
}

export function settingArguments(settings: ServerSettings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
