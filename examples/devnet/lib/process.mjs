// Child processes: anvil (started by the path of its binary, so that a signal reaches it) and one-shot commands.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

export const foundryBin = tool => {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'win32' }[process.platform];
  const dir = path.dirname(require.resolve(`@foundry-rs/${tool}-${platform}-${arch}/package.json`));
  return path.join(dir, 'bin', tool + (platform === 'win32' ? '.exe' : ''));
};

export async function rpc(url, method, params = []) {
  const [result] = await rpcBatch(url, [[method, params]]);
  return result;
}

// Sends [method, params] pairs as one JSON-RPC batch and returns the results in the same order.
export async function rpcBatch(url, calls) {
  const body = calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }));
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body.length === 1 ? body[0] : body),
  });
  const answers = [await response.json()].flat();
  const byId = new Map(answers.map(a => [a.id, a]));
  return body.map(({ id, method }) => {
    const answer = byId.get(id) ?? answers[0];
    if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  });
}

// Port 0 lets the system choose; anvil prints the address it got.
export function startAnvil(args = []) {
  const child = spawn(foundryBin('anvil'), ['--host', '127.0.0.1', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => child.kill('SIGKILL'));
  const exited = new Promise(resolve => child.once('exit', resolve));
  const stop = async () => { child.kill('SIGKILL'); await exited; };
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('exit', code => reject(new Error(`anvil exited with ${code}\n${text}`)));
    child.stdout.on('data', chunk => {
      if (text === null) return;
      text += chunk;
      const found = /Listening on (127\.0\.0\.1:\d+)/.exec(text);
      if (found) { text = null; resolve({ url: `http://${found[1]}`, stop }); }
    });
  });
}

export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let out = '', err = '';
    child.stdout.on('data', chunk => { out += chunk; });
    child.stderr.on('data', chunk => { err += chunk; });
    child.on('error', reject);
    child.on('close', code => code === 0
      ? resolve(out)
      : reject(new Error(`${command} exited with ${code}\n${out.slice(-3000)}\n${err.slice(-3000)}`)));
  });
}
