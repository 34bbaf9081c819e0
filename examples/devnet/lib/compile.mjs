// Compiles the stand-in contracts with the npm compiler. Returns { name: { abi, bytecode } }.
import fs from 'node:fs';
import path from 'node:path';
import solc from 'solc';

export function compileContracts() {
  const dir = path.join(import.meta.dirname, '../contracts');
  const sources = Object.fromEntries(fs.readdirSync(dir).filter(f => f.endsWith('.sol')).sort()
    .map(f => [f, { content: fs.readFileSync(path.join(dir, f), 'utf8') }]));
  const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })));
  const errors = (output.errors ?? []).filter(e => e.severity === 'error');
  if (errors.length) throw new Error(errors.map(e => e.formattedMessage).join('\n'));
  return Object.fromEntries(Object.values(output.contracts).flatMap(Object.entries)
    .map(([name, c]) => [name, { abi: c.abi, bytecode: `0x${c.evm.bytecode.object}` }]));
}
