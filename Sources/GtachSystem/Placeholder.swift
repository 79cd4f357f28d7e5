import CArchive
import CDNSSD
import CGPIOD
import COpenSSL
import CZstd
import GtachModel
