import { PORT_ACCESS } from '../../emu/layout.ts';
import type { Description } from './description.ts';
import type { Exit } from './exit.ts';
import { deviceAt, type TrapNames } from './names.ts';
import { hex, inParentheses, plural } from './values.ts';

export function portAccess(exit: Exit, names: TrapNames): Description {
  const how = exit.low('qualification');
  const port = how & 0xffff;
  const size = (how >>> 16) & 7;
  const direction = (how & PORT_ACCESS.in) !== 0 ? 'in' : 'out';
  const string = (how & PORT_ACCESS.string) !== 0;
  const value = hex(exit.long('value'));
  const device = deviceAt(names.ports, port);
  const subject = `${direction}${string ? 's' : ''} ${hex(port)}${inParentheses(device)}`;
  return {
    policy: 'port-io',
    subject,
    text: `${subject}, ${plural(size, 'byte')} ${direction === 'in' ? '->' : '<-'} ${value}`,
    fields: { direction, port, device: device ?? null, size, string, value },
    instruction: exit.chunk.rip(exit.row),
  };
}

const WRITE = 2;

export function memoryAccess(exit: Exit, names: TrapNames): Description {
  const how = exit.low('qualification');
  const size = (how >>> 8) & 255;
  const direction = (how & 255) === WRITE ? 'write' : 'read';
  const physical = exit.long('physical');
  const value = hex(exit.long('value'));
  const device = deviceAt(names.windows, Number(physical));
  const subject = `${direction} ${hex(physical)}${inParentheses(device)}`;
  return {
    policy: 'mmio',
    subject,
    text: `${subject}, ${plural(size, 'byte')} ${direction === 'read' ? '->' : '<-'} ${value}`,
    fields: { direction, physical: hex(physical), device: device ?? null, size, value },
    instruction: exit.chunk.rip(exit.row),
  };
}
