/** Loads the transport that this host has, when it is wanted. */
import type { Transport } from './transport.ts';

export async function loadTransport(): Promise<Transport> {
  if (process.platform === 'win32')
    return (await import('./windows/winfsp-transport.ts')).winFspTransport;
  return (await import('./linux/fuse-transport.ts')).fuseTransport;
}
