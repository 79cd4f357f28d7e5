#include "CDNSSD.h"
