/** Which of the two doors did not answer: for booking systems, or for patients. */
export type Edge = 'api' | 'patient';

/** Nobody answered, or not as a web server does. Nothing of the answer is kept. */
export class EdgeUnreachable extends Error {
  readonly edge: Edge;

  constructor(edge: Edge) {
    super('edge_unreachable');
    this.name = 'EdgeUnreachable';
    this.edge = edge;
  }
}
