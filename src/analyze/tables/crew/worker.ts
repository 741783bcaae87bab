/** A thread that works on chunks: crew.ts is its other end. */
import { workerData } from 'node:worker_threads';
import { keepCompiled } from '../../../world/kept-compiled.ts';
import type { CrewStart } from './messages.ts';

keepCompiled();
const { work } = await import('./work.ts');
await work(workerData as CrewStart);
