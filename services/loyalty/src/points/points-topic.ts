/** Where every event of this service goes. */
export const pointsTopic = 'regulars.loyalty.points.v1';
