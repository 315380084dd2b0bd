export { type HistogramProducer, histogramProducer } from './histogram-producer.ts';
export type { Labels, MetricsOptions } from './labels.ts';
export { type Meter, observeMetrics } from './open-telemetry.ts';
export { type LabeledRouter, PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus.ts';
export { type PrometheusRegistry, registerMetrics } from './prometheus-registry.ts';
