/** Queries by name: files of SQL whose first comment says what they answer. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../emu/errors.ts';
import { packageFile } from '../../package-file.ts';

const OWN = fileURLToPath(packageFile('queries'));

/** A value that a query takes: `-- $name: what it is`, or `-- $name = default: what it is`. */
export interface QueryParameter {
  readonly name: string;
  readonly about: string;
  /** undefined: it has to be given. */
  readonly fallback: string | undefined;
}

export interface NamedQuery {
  readonly name: string;
  readonly path: string;
  /** What it answers, from its first comment. */
  readonly about: string;
  readonly parameters: readonly QueryParameter[];
  readonly sql: string;
}

/** Where queries are looked for: the user's own hide ours of the same name. */
export function queryFolders(): string[] {
  const { TRAPLINE_QUERIES, XDG_CONFIG_HOME } = process.env;
  const own = TRAPLINE_QUERIES ?? join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'trapline', 'queries');
  return [own, OWN];
}

const PARAMETER = /^-- \$(\w+)(?: = (\S*))?: (.*)$/;

function read(name: string, path: string): NamedQuery {
  const text = readFileSync(path, 'utf8');
  const comments = /^(?:--.*\n)*/.exec(text)?.[0].trimEnd().split('\n') ?? [];
  const parameters = comments.flatMap((line) => {
    const match = PARAMETER.exec(line);
    return match === null ? [] : [{ name: match[1]!, fallback: match[2], about: match[3]! }];
  });
  const about = comments
    .filter((line) => !PARAMETER.test(line))
    .map((line) => line.replace(/^--\s?/, ''))
    .join(' ');
  return { name, path, about, parameters, sql: text };
}

/** All named queries by name. */
export function namedQueries(): NamedQuery[] {
  const found = new Map<string, NamedQuery>();
  for (const folder of queryFolders()) {
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder).sort()) {
      const name = /^([\w-]+)\.sql$/.exec(file)?.[1];
      if (name !== undefined && !found.has(name)) found.set(name, read(name, join(folder, file)));
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Looks like the name of a query, not like SQL. */
export const isQueryName = (text: string): boolean => /^[\w-]+$/.test(text);

/** Throws UserError when there is none. */
export function namedQuery(name: string): NamedQuery {
  const all = namedQueries();
  const query = all.find((each) => each.name === name);
  if (query !== undefined) return query;
  throw new UserError(`no query ${name}; there are ${all.map((each) => each.name).join(' ')}`);
}

/** Values by parameter. Throws UserError when one is missing or too many. */
export function queryArguments({ name, parameters }: NamedQuery, given: readonly string[]): Map<string, string> {
  if (given.length > parameters.length) {
    const takes = parameters.length === 0 ? 'nothing' : parameters.map((each) => each.name.toUpperCase()).join(' ');
    throw new UserError(`${name} takes ${takes}: ${given[parameters.length]} is too much`);
  }
  const values = new Map<string, string>();
  for (const [i, { name: key, about, fallback }] of parameters.entries()) {
    const value = given[i] ?? fallback;
    if (value === undefined) throw new UserError(`${name} wants ${key.toUpperCase()}: ${about}`);
    values.set(key, value);
  }
  return values;
}
