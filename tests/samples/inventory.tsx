import * as React from 'react';

type Props = { names: string[]; onPick?: (name: string) => void };

/** A list of parts. */
export const PartList: React.FC<Props> = ({ names, onPick }: Props) => {
  return (
    <ul>
      {names.map((name) => (
        <Row key={name} onClick={() => onPick?.(name)}>
          {name}
        </Row>
      ))}
    </ul>
  );
};

export default class Row extends React.Component<{}> {
  render() {
    return <li>{this.props.children}</li>;
  }
}
