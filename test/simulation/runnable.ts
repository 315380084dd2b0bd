export { planOf } from './plan.ts';
export { run } from './run.ts';
