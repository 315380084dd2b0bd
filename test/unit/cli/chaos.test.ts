import { describe, expect, test } from 'vitest';
import { ChannelFaults, disturbed } from '../../../src/cli/chaos-channels.ts';
import { type CallFault, createFaultPlan } from '../../../src/cli/chaos-plan.ts';
import { ChaosRecord } from '../../../src/cli/chaos-record.ts';
import { chaosLines } from '../../../src/cli/chaos-text.ts';
import { createRig, message, type RouterRig } from '../../support/router-rig.ts';
