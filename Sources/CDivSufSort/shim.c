#include "CDivSufSort.h"
