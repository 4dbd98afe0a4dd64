/**
 * The dashboard: a page with the node's ENIs, its last hour and what is wrong, kept up to date by server-sent events. It only
 * looks: whoever runs it tells it what happens, and gives it requests to answer.
 */
export { Dashboard } from './dashboard.ts';
export type { Gauges, HistoryView } from './history.ts';
export type { EniView, NodeView, PathView, SlotView, Source } from './views.ts';
