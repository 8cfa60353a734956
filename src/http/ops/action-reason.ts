import type { FastifyRequest } from 'fastify';
import { lineFault } from '../../domain/shown-line.ts';
import { formField } from '../form-field.ts';

export const reasonMin = 5;
export const reasonMax = 500;

/** The reason that every action needs: what was typed, and whether it will do. */
export interface ActionReason {
  readonly text: string;
  readonly isGiven: boolean;
}

export function actionReason(request: FastifyRequest): ActionReason {
  const text = formField(request, 'reason').replace(/\s+/g, ' ').trim();
  return { text, isGiven: text.length >= reasonMin && !lineFault(text, reasonMax) };
}
