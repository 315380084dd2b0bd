import type { ChannelFactory } from '../channel/processing-channel.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { codeLayer } from '../config/layers.ts';
import { layersOf, remember, resolveLayers } from '../config/parse.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { type Core, makeChannel } from './core.ts';
import { type ChannelInput, makeInstance, rulesByName } from './plan.ts';

/** Adds a channel to a router that exists: its configuration is checked with all others, then it is started. */
export function registerChannel(core: Core, name: string, factory: ChannelFactory, config: ChannelInput): void {
  if (core.fleet.channels.has(name)) throw new SluiceError('duplicate-channel', `there is a channel '${name}' already`);
  const layers = [...layersOf(core.config), codeLayer({ channels: { [name]: config } }, 'add')];
  const instance = makeInstance(name, factory);
  const rules = rulesByName(new Map(instance === undefined ? [] : [[name, instance]]));
  const added = checkEventRules(resolveLayers(layers), rules).channels[name];
  if (added === undefined) return;
  core.config = remember({ router: core.config.router, channels: { ...core.config.channels, [name]: added } }, layers);
  core.factories.set(name, factory);
  core.unnamed.set(name, config);
  core.fleet.add(makeChannel(core, name, instance));
}
