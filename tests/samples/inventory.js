import { read } from './files.js';
const fs = require('fs');

export const LIMIT = 100;

/** One kind of part. */
export class Part extends Thing {
  #count = 0;

  constructor(name, count = 0) {
    super(name);
    this.count = count;
  }

  /**
   * Take some.
   * @param {number} wanted how many
   */
  async take(wanted, { strict } = {}, ...rest) {
    if (wanted < 0) throw new RangeError('negative');
    return Math.min(wanted, this.count);
  }

  reset = () => {
    this.count = 0;
  };
}

export default function total(parts) {
  const add = (sum, part) => sum + part.count;
  return parts.reduce(add, 0);
}

function* names(parts) {
  for (const part of parts) yield part.name;
}

const List = ({ parts }) => (
  <ul>
    {parts.map((part) => <Row part={part} />)}
  </ul>
);

exports.clear = function (parts) {
  parts.length = 0;
};
