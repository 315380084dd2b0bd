export { createInspector, type Inspector, type InspectorOptions } from './inspector.ts';
export { toMermaid } from './mermaid.ts';
export type { MetricsThreadOptions } from './thread.ts';
