#include <stdio.h>
#include "parts.h"

#define LIMIT 100
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/**
 * One kind of part.
 */
struct part {
    const char *name;
    int count;
};

typedef struct { int low; int high; } range;

enum level { LOW, HIGH };

int total(const struct part *parts, int n);

static int registered = 0;

/* not a doc comment */
static struct part *find(struct part *parts, int n, const char name[])
{
    for (int i = 0; i < n; i++)
        if (same(parts[i].name, name))
            return &parts[i];
    return NULL;
}

/// Take some.
/// Never more than there are.
int take(struct part *part, int wanted, ...)
{
    int taken = MAX(0, wanted);
    part->count -= taken;
    find(part, 1, part->name);
    return taken;
}

int (*hook)(int);
void nothing(void) {}
