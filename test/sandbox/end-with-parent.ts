/**
 * Loaded into the backend that the sandbox starts: when the sandbox is killed, its backend must not go on alone and
 * hold the port. It ends at once; surviving that is what its store is for.
 */
process.on('disconnect', () => process.exit(1));
// The channel alone must not keep a backend alive that wants to end.
process.channel?.unref();
