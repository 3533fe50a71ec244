package parts;

import java.util.List;

/**
 * A stock of parts.
 */
@Deprecated
public class Inventory<T> extends Base implements Counted {
    private final List<Part> parts;

    public Inventory(List<Part> parts) {
        this.parts = parts;
    }

    /** Takes some. */
    @Override
    public <U> int take(final String name, int... wanted) throws TooFew {
        if (wanted.length == 0) {
            throw new IllegalArgumentException("nothing");
        }
        return find(name).count;
    }

    private Part find(String name) {
        return parts.stream().filter(each -> each.name.equals(name)).findFirst().orElse(new Part(name, 0));
    }

    enum Level { LOW, HIGH }

    record Part(String name, int count) {
        Part {
            name = name.strip();
        }
    }
}

interface Counted {
    int count();
}
