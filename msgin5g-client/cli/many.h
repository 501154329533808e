/* listen, send and bench with many UEs: phases of the run, progress, summary. */
#ifndef MANY_H
#define MANY_H

#include "options.h"

#include "base/loop.h"

/** Run the command to its end; signals stop @p loop. @return the code to end with. */
int many_run(struct loop *loop, struct options *options);

#endif
