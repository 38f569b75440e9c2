/**
 * A false control socket, run as root and turned into another user before it listens:
 * `node false-socket.ts UID FILE MODE TARGET`. It prints each request that it gets.
 */
import fs from 'node:fs';
import net from 'node:net';

const [uid, file = '', mode, target] = process.argv.slice(2);
process.setgroups?.([]);
process.setgid?.(Number(uid));
process.setuid?.(Number(uid));
fs.mkdirSync(file.replace(/\/[^/]*$/, ''), { recursive: true, mode: 0o700 });

const status = { source: '\u001b]0;pwned\u0007/dev/sda', target, readOnly: false, pid: 1 };
const flood = Buffer.alloc(1 << 20, ' ');
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    const { command } = JSON.parse(data.toString()) as { command: string };
    process.stdout.write(`asked ${command}\n`);
    if (mode === 'drip') {
      const timer = setInterval(() => socket.write(' '), 500);
      socket.on('close', () => clearInterval(timer));
    } else if (mode === 'flood') {
      const send = (): void => {
        while (socket.write(flood));
      };
      socket.on('drain', send);
      send();
    } else if (mode === 'spoof') {
      const answer = command === 'status' ? { status } : { unmounted: true };
      socket.end(`${JSON.stringify(answer)}\n`);
    }
  });
});
server.listen(file, () => process.stdout.write('listening\n'));
