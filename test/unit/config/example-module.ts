import { createExampleChannels } from '../../../src/cli/example-channels.ts';

/** As a host would name its channels for `config check --channels`. */
export const channels = createExampleChannels();
